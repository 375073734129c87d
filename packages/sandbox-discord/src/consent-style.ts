import { PAGE_STYLE } from './page-style.js';

/** The sandbox page's style plus that of a single card in the middle. */
export const CONSENT_STYLE = `${PAGE_STYLE}
main.card { display: block; max-width: 30rem; padding: 1.5rem 1rem; }
main.card section { padding: 1.4rem; }
.asks { display: flex; align-items: center; gap: .9rem; margin-bottom: 1rem; }
.asks h2 { font-weight: 400; font-size: 1.05rem; overflow-wrap: anywhere; }
.asks strong { display: block; font-size: 1.25rem; }
.avatar { flex: none; width: 3.2rem; height: 3.2rem; border-radius: 1rem; display: grid; place-items: center; font-size: 1.4rem; font-weight: 700; color: #fff; background: linear-gradient(135deg, #5865f2, #eb459e); }
form.consent { display: block; margin: 0; }
fieldset { border: 1px solid var(--line); border-radius: .7rem; margin: 0; padding: .3rem .7rem .6rem; min-width: 0; }
legend { font-size: .82rem; color: var(--quiet); text-transform: uppercase; letter-spacing: .05em; padding: 0 .3rem; }
.people { max-height: 17rem; overflow: auto; }
.person { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .5rem; padding: .4rem .3rem; border-radius: .45rem; cursor: pointer; }
.person:hover { background: var(--ground); }
.person input { min-height: 0; margin: 0; accent-color: var(--accent); }
.newcomer { display: none; gap: .4rem; padding: .3rem .3rem 0 1.8rem; }
fieldset:has(#person-new:checked) .newcomer { display: grid; }
.newcomer label { font-size: .82rem; color: var(--quiet); display: grid; gap: .15rem; }
.newcomer input { color: var(--ink); }
.scopes { margin: 0 0 1rem; padding: 0; list-style: none; }
.scopes li { padding: .25rem 0; display: flex; gap: .5rem; }
.scopes li::before { content: '✓'; color: var(--good); font-weight: 700; }
.where { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.actions { display: flex; flex-direction: row-reverse; gap: .6rem; margin-top: 1rem; }
.actions button { flex: 1; min-height: 2.6rem; font-size: 1rem; }
.problem { color: var(--bad); font-weight: 600; margin: .8rem 0 0; }
.problem:empty { display: none; }
`;
