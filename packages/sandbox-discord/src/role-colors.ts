import { fields, nullable, wholeNumber } from './form.js';
import type { LiveGuild } from './live-world.js';
import { invalidRoleColor, needsMoreBoosts } from './refusal.js';
import type { FullRole } from './world.js';

export type RoleColors = Pick<FullRole, 'color' | 'secondaryColor' | 'tertiaryColor'>;

export type ColorForm = {
  readonly color: number | null;
  readonly colors: Partial<ColorsForm> | null;
};

type ColorsForm = {
  readonly primary_color: number | null;
  readonly secondary_color: number | null;
  readonly tertiary_color: number | null;
};

const color = nullable(wholeNumber({ min: 0, max: 0xffffff }));

/** `color` is the older field and the same as the primary colour. */
export const COLOR_CHECKS = {
  color,
  colors: nullable(
    fields<ColorsForm>({ primary_color: color, secondary_color: color, tertiary_color: color }),
  ),
};

// The only style with three colours.
const HOLOGRAPHIC = { color: 11_127_295, secondaryColor: 16_759_788, tertiaryColor: 16_761_760 };

/** The colours that a form leaves a role with. `colors` replaces all three and wins over `color`. */
export function colorsAfter(
  guild: LiveGuild,
  form: Partial<ColorForm>,
  before: RoleColors,
): RoleColors {
  const { color: primary, colors } = form;
  if (!colors) {
    const { secondaryColor, tertiaryColor } = before;
    return { color: primary ?? before.color, secondaryColor, tertiaryColor };
  }
  const after = {
    color: colors.primary_color ?? before.color,
    secondaryColor: colors.secondary_color ?? null,
    tertiaryColor: colors.tertiary_color ?? null,
  };
  const isPlain = after.secondaryColor === null && after.tertiaryColor === null;
  if (!isPlain && !guild.features.includes('ENHANCED_ROLE_COLORS')) throw needsMoreBoosts();
  if (after.tertiaryColor !== null && !isSameGradient(after, HOLOGRAPHIC)) throw invalidRoleColor();
  return after;
}

function isSameGradient(a: RoleColors, b: RoleColors): boolean {
  return (
    a.color === b.color &&
    a.secondaryColor === b.secondaryColor &&
    a.tertiaryColor === b.tertiaryColor
  );
}
