interface MarkedProps {
  text: string
  /** Places of the letters that were found. */
  marks: readonly number[]
  /** Which part of the text is shown. */
  from?: number
  to?: number
}

/** A text with the letters marked by which it was found. */
export function Marked({ text, marks, from = 0, to = text.length }: MarkedProps) {
  const pieces: { text: string; found: boolean; at: number }[] = []
  for (let at = from; at < to; at += 1) {
    const found = marks.includes(at)
    const last = pieces.at(-1)
    if (last?.found === found) last.text += text.charAt(at)
    else pieces.push({ text: text.charAt(at), found, at })
  }
  return pieces.map((piece) => (piece.found ? <mark key={piece.at}>{piece.text}</mark> : piece.text))
}
