import { isDark } from '../app/theme'

const placesIn = (element: Element) => [
  ...(element.matches('[data-diagram]') ? [element as HTMLElement] : []),
  ...element.querySelectorAll<HTMLElement>('[data-diagram]'),
]

/** What a diagram is called for those who do not see it. */
function nameOf(source: string): string {
  const title = /^\s*(?:accTitle|title)\s*:?\s+(.+)$/m.exec(source)?.[1]
  return title === undefined ? `Diagram: ${source.trim().split('\n', 1)[0] ?? ''}` : `Diagram: ${title}`
}

function sayProblem(place: HTMLElement, words: string): void {
  const problem = document.createElement('p')
  problem.className = 'diagram-problem'
  problem.textContent = words
  place.querySelector('pre')?.after(problem)
}

async function draw(place: HTMLElement): Promise<void> {
  const source = place.querySelector('pre')?.textContent ?? ''
  const dark = isDark()
  let url: string | null = null
  let words = ''
  try {
    const { diagramUrl } = await import('../diagrams/drawer')
    url = await diagramUrl(source, dark)
  } catch (error) {
    words = error instanceof Error ? error.message : 'The diagram cannot be drawn.'
  }
  if (dark !== isDark()) return
  place.querySelector('.diagram-problem')?.remove()
  const shown = place.querySelector('img')
  if (url === null) {
    shown?.remove()
    place.dataset.diagram = 'broken'
    sayProblem(place, words)
    return
  }
  const image = shown ?? document.createElement('img')
  image.alt = nameOf(source)
  image.src = url
  if (shown === null) place.querySelector('pre')?.after(image)
  place.dataset.diagram = 'drawn'
}

/** Draws the diagrams in an element; those that are drawn already, as the theme now is. */
export function drawDiagrams(element: Element): void {
  for (const place of placesIn(element)) void draw(place)
}

/** Until the diagram in an element is drawn, it shows that of the element in whose place it comes. */
export function inheritDiagrams(element: Element, replaced: Element): void {
  const [place, ...more] = placesIn(element)
  const picture = placesIn(replaced)[0]?.querySelector('img')
  if (place === undefined || more.length > 0 || picture === null || picture === undefined) return
  place.querySelector('pre')?.after(picture)
  place.dataset.diagram = 'drawn'
}
