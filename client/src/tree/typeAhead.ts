/** Milliseconds after which the next letter begins another word. */
export const patience = 700

/**
 * Which of `names` somebody means who stands at `from` and has typed some letters: the next that begins with them, from
 * the top again at the end. One letter again and again goes from one to the next.
 * https://www.w3.org/WAI/ARIA/apg/patterns/treeview/
 */
export function meantBy(typed: string, names: readonly string[], from: number): number | null {
  const letters = Array.from(typed.toLocaleLowerCase())
  const [first] = letters
  if (first === undefined || names.length === 0) return null
  const same = letters.every((letter) => letter === first)
  const wanted = same ? first : letters.join('')
  const start = same ? from + 1 : from
  for (let step = 0; step < names.length; step += 1) {
    const at = (start + step + names.length) % names.length
    if (names[at]?.toLocaleLowerCase().startsWith(wanted)) return at
  }
  return null
}
