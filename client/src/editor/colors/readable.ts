type Rgb = readonly [number, number, number]

/** WCAG 2.2, 1.4.3: of text to what is behind it. */
const least = 4.5
/** How much of the text's colour the line with the cursor has; the style sheet says the same. */
const activeLine = 0.04

function read(color: string): Rgb | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(color)
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)
  const [, r, g, b] = short?.map((digit) => digit + digit) ?? long ?? []
  if (r === undefined || g === undefined || b === undefined) return null
  return [r, g, b].map((part) => parseInt(part, 16)) as unknown as Rgb
}

const mix = (from: Rgb, to: Rgb, share: number) =>
  from.map((part, at) => Math.round(part + ((to[at] ?? 0) - part) * share)) as unknown as Rgb

const write = (color: Rgb) => `#${color.map((part) => part.toString(16).padStart(2, '0')).join('')}`

/** Relative luminance, from 0 to 1 (WCAG 2.2, definitions). */
function luminance(color: Rgb): number {
  const [r = 0, g = 0, b = 0] = color.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(a: string, b: string): number {
  const [one, other] = [read(a), read(b)]
  if (one === null || other === null) return NaN
  return ratio(one, other)
}

function ratio(a: Rgb, b: Rgb): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

/**
 * The colour, or the nearest one towards black or white that can be read on this paper, also in the line with the
 * cursor: most themes of other editors have comments too pale for that. `ink` is the colour of plain text. What is no
 * opaque colour in hexadecimal digits stays as it is.
 */
export function readable(color: string, paper: string, ink: string): string {
  const [own, behind, text] = [read(color), read(paper), read(ink)]
  if (own === null || behind === null || text === null) return color
  const papers = [behind, mix(behind, text, activeLine)]
  const away: Rgb = luminance(behind) > 0.18 ? [0, 0, 0] : [255, 255, 255]
  for (let share = 0; share < 1; share += 0.02) {
    const tried = mix(own, away, share)
    if (papers.every((one) => ratio(tried, one) >= least)) return share === 0 ? color : write(tried)
  }
  return write(away)
}
