import { useState } from 'react'
import type * as Y from 'yjs'
import { svgUrl } from '../lib/svgUrl'
import { useText } from '../markdown/useText'

/** UTF-16 code units of a drawing that is shown while it is written. */
const longest = 2_000_000

/** An SVG as the picture that it is. Within an image nothing of it runs, and it loads nothing. */
export default function DrawingPreview({ text, path }: { text: Y.Text; path: string }) {
  const source = useText(text)
  const [broken, setBroken] = useState('')
  if (source.length > longest) return <p className="quiet">The drawing is too large to be shown beside its text.</p>
  return (
    <>
      {broken === source ? <p className="quiet">The drawing cannot be shown as it is written now.</p> : null}
      <img
        className="drawing"
        hidden={broken === source}
        src={svgUrl(source)}
        alt={path}
        onError={() => setBroken(source)}
      />
    </>
  )
}
