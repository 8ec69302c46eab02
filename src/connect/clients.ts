// Every client that Waygate knows how to connect: the one table behind `waygate connect` and docs/clients.md.
import { AGENT_CLIS } from './agent-clis.ts';
import type { Clients } from './client.ts';
import { EDITORS } from './editors.ts';
import { OPEN_CLIS } from './open-clis.ts';
import { SDKS } from './sdks.ts';

export const CLIENTS: Clients = { ...AGENT_CLIS, ...OPEN_CLIS, ...SDKS, ...EDITORS };
