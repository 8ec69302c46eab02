import type { Scene } from './scene.ts';

/** Asks the operators' API of the first gateway: a change with a body, else a question. Throws what it refuses with. */
export async function operate<T>({ gateways, operatorToken }: Scene, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${gateways[0]?.adminUrl}/api/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const told: unknown = await answer.json();
  if (answer.ok) return told as T;
  throw new Error(`the operators' API answers ${answer.status}: ${JSON.stringify(told)}`);
}
