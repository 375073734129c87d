/**
 * `role Pilot (300000000000000001)`; without a known name, or with the id for a name, `role
 * 300000000000000001`.
 */
export function named(
  kind: 'role' | 'group' | 'member' | 'client' | 'platform user' | 'account',
  id: string,
  name: string | null | undefined,
): string {
  return name && name !== id ? `${kind} ${name} (${id})` : `${kind} ${id}`;
}
