// OpenAI's images, audio and moderations: JSON, or a form with the files.
import { header, type RequestHead } from '../core/exchange.ts';
import { type Fields, invalid, knownKeys, readFields, refuseVariants } from './fields.ts';
import { type FormFile, readFormFields, writeFormModel } from './form-fields.ts';
import { type MediaAction, mediaEstimate } from './media-estimate.ts';
import { modelReading, writeModel } from './model-request.ts';
import { mediaUsage } from './openai-media-usage.ts';
import { OPENAI_WIRE } from './openai-wire.ts';
import type { Protocol } from './protocol.ts';

/** Path → what it does. */
const ACTIONS: Readonly<Record<string, MediaAction>> = {
  '/images/generations': 'model.image',
  '/images/edits': 'model.image',
  '/images/variations': 'model.image',
  '/audio/speech': 'model.speech',
  '/audio/transcriptions': 'model.transcribe',
  '/audio/translations': 'model.transcribe',
  '/moderations': 'model.moderate',
};

/** Fields that Waygate or a policy acts on. */
const KNOWN = knownKeys(`
  model prompt input n size quality stream response_format partial_images background output_format moderation style user
  voice instructions speed stream_format language temperature
`);
/** What a request is about, which policies do not see. */
const CONTENT = new Set(['prompt', 'input', 'image', 'images', 'mask', 'instructions']);
const FORM = /^multipart\//i;
const DASH = 0x2d;

export const openaiMedia: Protocol = {
  ...OPENAI_WIRE,
  dialect: 'openai-media',

  read(request, path, body) {
    const action = ACTIONS[path];
    if (!action) throw invalid('expected an operation on images, audio or moderations');
    const { fields, files } = mediaFields(request, body);
    const args = Object.fromEntries(Object.entries(fields).filter(([key]) => !CONTENT.has(key)));
    return modelReading(fields, {
      action,
      args: files.length > 0 ? { ...args, files } : args,
      estimate: mediaEstimate(action, { fields, files, bodyBytes: body.length }),
    });
  },

  write(body, reading, { model }) {
    return body[0] === DASH ? writeFormModel(body, reading, model) : writeModel(body, reading, model);
  },

  usage: mediaUsage,
};

function mediaFields(
  request: RequestHead,
  body: Buffer,
): { readonly fields: Fields; readonly files: readonly FormFile[] } {
  if (FORM.test(header(request.headers, 'content-type') ?? '')) {
    const { fields, files } = readFormFields(request, body, KNOWN);
    return { fields: { ...fields, ...typed(fields) }, files };
  }
  const fields = readFields(request, body);
  refuseVariants(fields, KNOWN);
  return { fields, files: [] };
}

/** Fields of a form that are no text, as they would be in JSON. What is neither is left to be refused. */
function typed({ n, stream }: Fields): Fields {
  return {
    ...(typeof n === 'string' && /^[1-9]\d{0,3}$/.test(n) && { n: Number(n) }),
    ...((stream === 'true' || stream === 'false') && { stream: stream === 'true' }),
  };
}
