/**
 * Prefix of our metric names; Node's own metrics keep their usual names for existing dashboards.
 */
export const PREFIX = 'discord_connector_';
