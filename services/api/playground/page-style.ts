/**
 * The editor is as high as the window: the browser's default margin would make the page scroll. On
 * a desktop all ready operations are visible; on a phone the response is below the operation.
 *
 * Tabs never move: GraphiQL animates them as if they were in one row, so a wrapped tab jumped away
 * under the pointer as soon as it was pressed, and a single click did nothing.
 */
export const pageStyle = `<style>
html, body { margin: 0; height: 100%; overflow: hidden; }
.graphiql-container .graphiql-tab { transform: none !important; }
.graphiql-container .graphiql-logo { white-space: nowrap; font-size: 15px; }
@media (min-width: 761px) {
  .graphiql-container .graphiql-session-header { height: auto; }
  .graphiql-container .graphiql-tabs { flex-wrap: wrap; }
}
@media (max-width: 760px) {
  .graphiql-container .graphiql-logo { display: none; }
  .graphiql-container .graphiql-sidebar { width: 44px; padding-inline: 0; align-items: center; }
  .graphiql-container #graphiql-session { flex-direction: column; }
}
</style>`;
