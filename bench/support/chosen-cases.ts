/** Returns the cases that `--only=NAME,NAME` selects; without it, all of them. */
export function chosenCases<Case>(cases: Readonly<Record<string, Case>>): readonly Case[] {
  const only = process.argv.find((word) => word.startsWith('--only='))?.slice(7);
  const names = only?.split(',') ?? Object.keys(cases);
  return names.map((name) => {
    const chosen = cases[name];
    if (chosen === undefined)
      throw new Error(`there are ${Object.keys(cases).join(', ')}, no ${name}`);
    return chosen;
  });
}
