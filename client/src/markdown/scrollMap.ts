/** Where a line of the text is in the preview, in CSS pixels from its top. Sorted by line, and so by place. */
export interface Mark {
  line: number
  top: number
}

/** The marks on both sides of a value; those of the ends where it is beyond them. */
function around(marks: readonly Mark[], by: (mark: Mark) => number, value: number): [Mark, Mark] | null {
  let low = 0
  let high = marks.length
  while (low < high) {
    const middle = (low + high) >> 1
    const mark = marks[middle]
    if (mark !== undefined && by(mark) <= value) low = middle + 1
    else high = middle
  }
  const before = marks[low - 1] ?? marks[0]
  const behind = marks[low] ?? marks.at(-1)
  return before === undefined || behind === undefined ? null : [before, behind]
}

function between(value: number, from: number, to: number): number {
  return to <= from ? 0 : Math.min(1, Math.max(0, (value - from) / (to - from)))
}

/** Where to scroll the preview to, so that a line (1.5: the middle of the second) is at its top. */
export function topOfLine(marks: readonly Mark[], line: number): number {
  const found = around(marks, (mark) => mark.line, line)
  if (found === null) return 0
  const [before, behind] = found
  return before.top + between(line, before.line, behind.line) * (behind.top - before.top)
}

/** The line that is at a place of the preview, with the part of it that is above. */
export function lineAtTop(marks: readonly Mark[], top: number): number {
  const found = around(marks, (mark) => mark.top, top)
  if (found === null) return 0
  const [before, behind] = found
  return before.line + between(top, before.top, behind.top) * (behind.line - before.line)
}
