import type { SandboxLimit, SandboxLimits } from './sandbox-interface.js';

/**
 * Discord documents only the global limit, the limit of invalid requests and the limits of the
 * gateway. The other values are what people have observed. Clients must learn the limits from the
 * headers, so tests may set different ones.
 */
export const DEFAULT_LIMITS: SandboxLimits = {
  global: { limit: 50, windowMs: 1000, window: 'fixed' },
  memberPatch: { limit: 10, windowMs: 10_000, window: 'sliding' },
  memberGet: { limit: 5, windowMs: 1000, window: 'sliding' },
  memberJoin: { limit: 10, windowMs: 10_000, window: 'sliding' },
  memberRoles: { limit: 10, windowMs: 10_000, window: 'fixed' },
  memberRolesDelete: null,
  others: { limit: 500, windowMs: 10_000, window: 'sliding' },
  invalidRequests: { limit: 10_000, windowMs: 600_000, window: 'fixed' },
  gatewaySends: { limit: 120, windowMs: 60_000, window: 'fixed' },
  gatewayStarts: { limit: 1000, windowMs: 86_400_000, window: 'fixed' },
  gatewayIdentifies: { limit: 1, windowMs: 5000, window: 'fixed' },
  gatewayMemberLists: { limit: 1, windowMs: 30_000, window: 'fixed' },
};

const NO_LIMITS: SandboxLimits = {
  global: null,
  memberPatch: null,
  memberGet: null,
  memberJoin: null,
  memberRoles: null,
  memberRolesDelete: null,
  others: null,
  invalidRequests: null,
  gatewaySends: null,
  gatewayStarts: null,
  gatewayIdentifies: null,
  gatewayMemberLists: null,
};

export function limitsFrom(chosen: Partial<SandboxLimits> | null | undefined): SandboxLimits {
  if (chosen === null) return NO_LIMITS;
  return { ...DEFAULT_LIMITS, ...chosen };
}

/** The same limits with shorter windows: 0.1 turns ten seconds into one. For benchmarks. */
export function scaleLimits(limits: SandboxLimits, factor: number): SandboxLimits {
  const scale = (limit: SandboxLimit | null) =>
    limit && { ...limit, windowMs: limit.windowMs * factor };
  return {
    global: scale(limits.global),
    memberPatch: scale(limits.memberPatch),
    memberGet: scale(limits.memberGet),
    memberJoin: scale(limits.memberJoin),
    memberRoles: scale(limits.memberRoles),
    memberRolesDelete: scale(limits.memberRolesDelete),
    others: scale(limits.others),
    invalidRequests: scale(limits.invalidRequests),
    gatewaySends: scale(limits.gatewaySends),
    gatewayStarts: scale(limits.gatewayStarts),
    gatewayIdentifies: scale(limits.gatewayIdentifies),
    gatewayMemberLists: scale(limits.gatewayMemberLists),
  };
}
