import type { Seen } from '../api/types'
import { placeIn } from '../assistant/saw'
import type { Decorate } from '../markdown/drawing'
import { citedNumbers } from '../markdown/rules/citations'

/** A passage of a file that an answer may cite by its number. */
export interface Passage {
  number: number
  path: string
  /** Where it is opened, counted from 1: at what was asked, or else where it begins. Null where nobody counts lines. */
  line: number | null
  /** Where it stands in its file, in words; "" when that is not known. */
  place: string
}

/** As `Passage`, and whether its file is not there any more. */
export interface Source extends Passage {
  gone: boolean
}

/** The passages that an answer may cite, in the order of their numbers. */
export function passagesOf(context: readonly Seen[] | null | undefined): Passage[] {
  const found = new Map<number, Passage>()
  for (const seen of context ?? []) {
    const { role, path, number, lines, best } = seen
    if (role !== 'knowledge' || !path || !number || found.has(number)) continue
    found.set(number, { number, path, line: best ?? lines?.[0] ?? null, place: placeIn(seen) ?? '' })
  }
  return [...found.values()].sort((a, b) => a.number - b.number)
}

export const whereIs = ({ path, place }: Passage) => (place === '' ? path : `${path}, ${place}`)

export const isGone = ({ path }: Passage) => `${path} is gone`

function chip(source: Source, hrefOf: (path: string) => string): HTMLElement {
  const made = document.createElement(source.gone ? 'span' : 'a')
  made.className = 'citation'
  made.dataset.number = String(source.number)
  made.textContent = String(source.number)
  if (made instanceof HTMLAnchorElement) {
    made.href = hrefOf(source.path)
    made.title = whereIs(source)
    made.ariaLabel = `${source.number}: ${whereIs(source)}`
  } else {
    made.dataset.gone = ''
    made.title = isGone(source)
  }
  return made
}

/**
 * Puts a link to its passage in place of each number that a rendered answer cites one by. Made here, after all that came
 * from the text was made harmless: no text can bring a link that looks like one of these. Numbers of no passage stay as
 * they were written, and so does what stands in a link, which leads elsewhere already.
 */
export const citations = (sources: readonly Source[], hrefOf: (path: string) => string): Decorate => ({
  to: /data-cite=/,
  add(fragment) {
    const known = new Map(sources.map((source) => [source.number, source]))
    for (const cited of fragment.querySelectorAll<HTMLElement>('[data-cite]')) {
      const numbers = citedNumbers(cited.dataset.cite)
      if (cited.closest('a') !== null || !numbers.some((number) => known.has(number))) continue
      const parts = numbers.map((number) => {
        const source = known.get(number)
        return source === undefined ? `[${number}]` : chip(source, hrefOf)
      })
      cited.replaceChildren(...parts)
    }
  },
})

const numberOf = (element: HTMLElement) => Number(element.dataset.number)

/** The numbers of the passages that are cited on the page, in their order. */
export function citedIn(box: ParentNode): number[] {
  const found = new Set([...box.querySelectorAll<HTMLElement>('.citation')].map(numberOf))
  return [...found].sort((a, b) => a - b)
}

/** The number of the passage whose link was clicked on; null when it was something else. */
export function clickedCitation(target: EventTarget | null): number | null {
  const clicked = target instanceof Element ? target.closest<HTMLElement>('a.citation') : null
  return clicked === null ? null : numberOf(clicked)
}
