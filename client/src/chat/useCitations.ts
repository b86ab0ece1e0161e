import { type MouseEvent, useMemo, useState } from 'react'
import type { Seen } from '../api/types'
import { go } from '../app/location'
import { writePlace } from '../app/place'
import { arriveAt } from '../document/arrival'
import { useSelected, useStore } from '../lib/store'
import type { Decorate, Drawing } from '../markdown/drawing'
import type { Tree } from '../tree/rules'
import { useWorkspace } from '../workspace/context'
import { citations, citedIn, clickedCitation, passagesOf, type Source } from './citations'

const fileAt = ({ byPath }: Tree, path: string) => {
  const node = byPath.get(path)
  return node === undefined || node.kind === 'folder' ? null : node
}

interface Citations {
  /** Null where nothing can be cited. */
  decorate: Decorate | null
  /** What the answer cites of what it was shown. */
  cited: readonly Source[]
  onDrawn: (drawing: Drawing) => void
  /** Follows a plain click on the link to a passage; the others are the browser's. */
  follow: (event: MouseEvent, source: Source) => void
  /** As `follow`, if that is what was clicked on. */
  onClick: (event: MouseEvent) => void
}

/** What an answer cites, and the way there. `onLeave` is called when somebody goes. */
export function useCitations(context: readonly Seen[] | null | undefined, onLeave: () => void): Citations {
  const { id, tree } = useWorkspace()
  const isKnown = useStore(tree.state).is !== 'opening'
  // By its letters: answers are not drawn anew for each file that comes and goes, nor each time that they are told.
  const letters = useSelected(tree.tree, (now) =>
    JSON.stringify(
      passagesOf(context).map((passage) => ({ ...passage, gone: isKnown && fileAt(now, passage.path) === null })),
    ),
  )
  const sources = useMemo(() => JSON.parse(letters) as Source[], [letters])
  const decorate = useMemo(
    () =>
      sources.length === 0 ? null : citations(sources, (path) => writePlace({ at: 'workspace', workspace: id, path })),
    [sources, id],
  )
  // As the page has them: only there is it known what of the text is a citation.
  const [numbers, setNumbers] = useState('')
  const shown = numbers.split(',').map(Number)

  const follow = (event: MouseEvent, { path, line }: Source) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    const node = fileAt(tree.tree.get(), path)
    if (node?.kind === 'text') arriveAt({ document: node.id, line, column: null, focus: true })
    go({ at: 'workspace', workspace: id, path })
    onLeave()
  }
  return {
    decorate,
    cited: sources.filter(({ number }) => shown.includes(number)),
    onDrawn: ({ box }) => setNumbers(citedIn(box).join()),
    follow,
    onClick: (event) => {
      const clicked = clickedCitation(event.target)
      const source = sources.find(({ number }) => number === clicked)
      if (source !== undefined) follow(event, source)
    },
  }
}
