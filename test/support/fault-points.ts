/**
 * Places in the path where a process can be made to die: `memory.settle:before`,
 * `discord.addRole:after`. A point is passed before and after every call of a port.
 */
export type Moment = 'before' | 'after';
/** `memory.settle` */
export type PortCall = `${string}.${string}`;
export type FaultPoint = `${PortCall}:${Moment}`;

export function withFaultPoints<Port extends object>(
  name: string,
  port: Port,
  pass: (point: FaultPoint) => Promise<void>,
): Port {
  return new Proxy(port, {
    get(target, key, receiver) {
      const member: unknown = Reflect.get(target, key, receiver);
      if (typeof member !== 'function' || typeof key !== 'string') return member;
      return async (...args: readonly unknown[]) => {
        await pass(`${name}.${key}:before`);
        const answer: unknown = await Reflect.apply(member, target, args);
        await pass(`${name}.${key}:after`);
        return answer;
      };
    },
  });
}
