import { type MouseEvent, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { onThemeChange } from '../app/theme'
import { useWorkspace } from '../workspace/context'
import { drawDiagrams } from './diagrams'
import { type Decorate, Drawing } from './drawing'
import { followLink } from './followLink'

interface MarkdownProps {
  text: string
  /** Path of the file that holds the text; "" for one that is in no file. */
  path: string
  /** The same list as long as they are the same. */
  decorate?: readonly Decorate[]
  onClick?: (event: MouseEvent) => void
  /** Hears whenever what is on the page is another. */
  onDrawn?: (drawing: Drawing) => void
}

const plain: readonly Decorate[] = []

/** Markdown of anybody, rendered safely. Until it is, and where it cannot be, the plain text. */
export function Markdown({ text, path, decorate = plain, onClick, onDrawn }: MarkdownProps) {
  const { id, tree } = useWorkspace()
  const [isDrawn, setDrawn] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const drawing = useRef<Drawing>(null)
  const told = useRef(onDrawn)
  useEffect(() => {
    told.current = onDrawn
  })

  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const made = new Drawing(element, (done) => {
      // In the same turn, or the text would be there twice for a moment.
      flushSync(() => setDrawn(done))
      if (done) told.current?.(made)
    })
    drawing.current = made
    const stopListening = onThemeChange(() => drawDiagrams(element))
    return () => {
      made.stop()
      stopListening()
    }
  }, [])
  useEffect(() => {
    drawing.current?.want({ reading: { text, workspace: id, path }, decorate })
  }, [text, id, path, decorate])

  const click = (event: MouseEvent) => {
    followLink(event, tree.tree.get().byPath)
    onClick?.(event)
  }
  return (
    <>
      {isDrawn ? null : <p className="prose prose-plain">{text}</p>}
      {/* Links inside are links with or without this handler; it only keeps those to files on the page. */}
      <div className="prose" ref={box} onClick={click} />
    </>
  )
}
