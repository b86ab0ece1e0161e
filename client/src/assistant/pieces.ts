/** `from`…`to` cut at those of `cuts` that are inside it; `cuts` in ascending order, each once. */
export function pieces(from: number, to: number, cuts: readonly number[]): [number, number][] {
  const borders = [from, ...cuts.filter((cut) => from < cut && cut < to), to]
  return borders.slice(1).map((end, index) => [borders[index] ?? from, end])
}
