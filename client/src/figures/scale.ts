/** Round numbers from 0 to the first that is not below `most`, about four steps of them. */
export function ticks(most: number, whole = false): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(
    [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((s) => s >= rough * 0.999) ?? 1,
    whole ? 1 : 0,
  )
  const even = whole ? Math.ceil(step) : step
  const count = Math.ceil(most / even - 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * even).toPrecision(12)))
}

/** Which of `count` labels there is room for, counted back from the last one. */
export function labelled(count: number, width: number, each: number): Set<number> {
  const every = Math.max(1, Math.ceil((count * each) / Math.max(width, 1)))
  const chosen = new Set<number>()
  for (let index = count - 1; index >= 0; index -= every) chosen.add(index)
  return chosen
}

/** Runs of neighbours that have a value, as indices; a line is drawn through each and never across what is not known. */
export function runs(values: readonly (number | null)[]): number[][] {
  const found: number[][] = []
  values.forEach((value, index) => {
    if (value === null) return
    const last = found.at(-1)
    if (last?.at(-1) === index - 1) last.push(index)
    else found.push([index])
  })
  return found
}
