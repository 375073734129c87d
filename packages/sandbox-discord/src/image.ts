import { createHash } from 'node:crypto';

import { wrong, type Check } from './form.js';

const MAX_IMAGE_KB = 10_240;

/** A data URI with a PNG, JPEG or GIF. The value is the hash by which Discord names the image. */
export const imageHash: Check<string> = (value) => {
  if (typeof value !== 'string')
    return wrong('STRING_TYPE_CONVERT', 'Could not interpret value as string.');
  const [, encoded] = /^data:image\/[a-z]+;base64,([\w+/]+=*)$/.exec(value) ?? [];
  const image = Buffer.from(encoded ?? '', 'base64');
  if (!SIGNATURES.some((signature) => image.subarray(0, signature.length).equals(signature)))
    return wrong('IMAGE_INVALID', 'Invalid image data');
  if (image.length > MAX_IMAGE_KB * 1024)
    return wrong('BINARY_TYPE_MAX_SIZE', `File cannot be larger than ${MAX_IMAGE_KB}.0 kb.`);
  return { value: (isGif(image) ? 'a_' : '') + createHash('md5').update(image).digest('hex') };
};

const GIF = Buffer.from('GIF8');
// The bytes count, whatever type the URI names.
const SIGNATURES = [Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('ffd8ff', 'hex'), GIF];

/** Clients ask for an animated image when the hash begins with `a_`. */
function isGif(image: Buffer): boolean {
  return image.subarray(0, GIF.length).equals(GIF);
}
