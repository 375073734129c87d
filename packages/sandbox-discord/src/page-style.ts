/** For phones and desktops, in light or dark colours according to the reader's system setting. */
export const PAGE_STYLE = `
:root {
  --ground: #f3f4f8; --card: #fff; --ink: #1d2030; --quiet: #5c6175; --line: #e2e4ee;
  --accent: #4752c4; --accent-ink: #fff; --good: #1f7a4d; --warn: #9a5b00; --bad: #c22f45; --flash: #fff1c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16171d; --card: #1f212a; --ink: #e9eaf2; --quiet: #9ba0b5; --line: #30333f;
    --accent: #7d87f5; --accent-ink: #11121a; --good: #57c98d; --warn: #e8ad55; --bad: #ff7c8d; --flash: #4a4122;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .3rem 1rem; padding: .9rem 1.2rem; background: var(--card); border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 2; }
h1 { font-size: 1.15rem; margin: 0; display: flex; align-items: center; gap: .5rem; }
.logo { width: 1.1rem; height: 1.1rem; border-radius: .35rem; background: linear-gradient(135deg, #5865f2, #eb459e); }
.claim { margin: 0; color: var(--quiet); font-size: .85rem; flex: 1 1 16rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem; }
h2 { font-size: 1rem; margin: 0; }
h2 small, .quiet { color: var(--quiet); font-weight: 400; font-size: .82rem; }
h3 { font-size: .82rem; color: var(--quiet); margin: 1rem 0 .3rem; text-transform: uppercase; letter-spacing: .05em; }
.hint { color: var(--quiet); font-size: .82rem; margin: .15rem 0 .6rem; }
main { display: grid; gap: 1rem; padding: 1rem; max-width: 100rem; margin: 0 auto; grid-template-columns: minmax(0, 1fr); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1rem; min-width: 0; }
.column { display: grid; gap: 1rem; align-content: start; min-width: 0; }
@media (min-width: 52rem) {
  main { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .column:first-child { grid-row: 1 / span 2; }
}
@media (min-width: 84rem) {
  main { grid-template-columns: minmax(0, 5fr) minmax(0, 3fr) minmax(0, 4fr); }
  .column:first-child { grid-row: auto; }
}
.bar { display: flex; align-items: center; justify-content: space-between; gap: .6rem; flex-wrap: wrap; }
.list { list-style: none; margin: 0; padding: 0; }
.list > li { padding: .45rem .3rem; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; align-items: center; gap: .3rem .5rem; min-width: 0; }
.list > li:first-child { border-top: 0; }
.list > li.empty { color: var(--quiet); }
.scroll { max-height: 26rem; overflow: auto; }
.mono { font: 12.5px/1.4 ui-monospace, monospace; }
.row { all: unset; cursor: pointer; display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; width: 100%; border-radius: .4rem; padding: .1rem .2rem; box-sizing: border-box; }
.row:hover { background: var(--ground); }
.row:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.changed { animation: flash 2.5s ease-out; border-radius: .4rem; }
@keyframes flash { from { background: var(--flash); } to { background: transparent; } }
@media (prefers-reduced-motion: reduce) { .changed { animation: none; background: var(--flash); } }
.name { font-weight: 600; overflow-wrap: anywhere; }
.handle { color: var(--quiet); font-size: .82rem; overflow-wrap: anywhere; }
.chips { display: flex; flex-wrap: wrap; gap: .25rem; }
.chip { display: inline-flex; align-items: center; gap: .35rem; border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .55rem; font-size: .8rem; overflow-wrap: anywhere; }
.dot { width: .6rem; height: .6rem; border-radius: 50%; background: var(--role, var(--quiet)); flex: none; }
.tag { font-size: .7rem; font-weight: 600; padding: .05rem .4rem; border-radius: .3rem; background: var(--line); color: var(--quiet); }
.tag.bot { background: var(--accent); color: var(--accent-ink); }
.tag.good { color: var(--good); } .tag.warn { color: var(--warn); } .tag.bad { color: var(--bad); }
.far { opacity: .6; }
.push { margin-left: auto; }
.status { font-weight: 700; width: 2.4rem; flex: none; }
.status.good { color: var(--good); } .status.warn { color: var(--warn); } .status.bad { color: var(--bad); }
.path { overflow-wrap: anywhere; flex: 1 1 14rem; }
.reason { color: var(--quiet); font-style: italic; overflow-wrap: anywhere; }
.added { color: var(--good); } .removed { color: var(--bad); }
meter { width: 100%; height: .6rem; }
button { font: inherit; font-size: .88rem; cursor: pointer; border: 1px solid var(--accent); background: var(--accent); color: var(--accent-ink); border-radius: .45rem; padding: .25rem .7rem; min-height: 2rem; }
button.plain { background: transparent; color: var(--ink); border-color: var(--line); }
button.danger { background: transparent; color: var(--bad); border-color: var(--bad); }
button[aria-pressed=true] { background: var(--accent); color: var(--accent-ink); }
input, select { font: inherit; font-size: .88rem; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: .45rem; padding: .25rem .5rem; min-height: 2rem; max-width: 100%; }
form { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: .4rem; }
.live { font-size: .8rem; color: var(--quiet); }
.live::before { content: ''; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .35rem; background: var(--warn); }
.live.on::before { background: var(--good); }
dialog { border: 1px solid var(--line); border-radius: .9rem; background: var(--card); color: var(--ink); padding: 1.1rem; width: min(30rem, calc(100vw - 2rem)); }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog h2 { margin-bottom: .6rem; overflow-wrap: anywhere; }
.choices { display: flex; flex-wrap: wrap; gap: .35rem; margin: .3rem 0 .9rem; }
#message { position: fixed; left: 1rem; right: 1rem; bottom: .5rem; margin: 0 auto; max-width: 32rem; background: var(--bad); color: var(--card); border-radius: .5rem; padding: .5rem .8rem; z-index: 3; }
#message:empty { display: none; }
`;
