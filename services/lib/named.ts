/**
 * Returns a kind, name and id such as `role Pilot (300000000000000001)`, or `role
 * 300000000000000001` if the name is unknown or equals the id.
 */
export function named(
  kind: 'role' | 'group' | 'member' | 'client' | 'platform user' | 'account',
  id: string,
  name: string | null | undefined,
): string {
  return name && name !== id ? `${kind} ${name} (${id})` : `${kind} ${id}`;
}
