import { z } from 'zod';

/** What a world says to a process of the service, and what it hears from it. */
const Order = z.object({ stepMs: z.number() });
export type Order = z.output<typeof Order>;

const News = z.union([
  z.object({ isWorking: z.literal(true) }),
  z.object({ givenUpAtMs: z.number() }),
  z.object({ limitedAtMs: z.number() }),
]);
export type News = z.output<typeof News>;

export function onOrder(take: (order: Order) => void): void {
  process.on('message', (message) => take(Order.parse(message)));
}

export function tell(news: News): void {
  process.send?.(news);
}

export const readNews = (message: unknown): News => News.parse(message);
