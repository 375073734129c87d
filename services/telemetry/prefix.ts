/** All names begin with this; Node's own keep the names that everybody's dashboards know. */
export const PREFIX = 'discord_connector_';
