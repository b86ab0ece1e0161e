import { type KeyboardEvent, type PointerEvent, useRef } from 'react'
import { chooseWidth, type SideName, type Width } from './sideWidths'

/** Pixels by which an arrow key moves it. */
const step = 16

/**
 * Where a side ends: it is dragged, or moved by the arrow keys; a double click or Enter makes the side as wide as usual.
 * https://www.w3.org/WAI/ARIA/apg/patterns/windowsplitter/
 */
export function SideLine({ side, title, width }: { side: SideName; title: string; width: Width }) {
  const grip = useRef<{ x: number; width: number } | null>(null)
  const grows = side === 'left' ? 1 : -1
  const choose = (wanted: number) => chooseWidth(side, Math.max(width.least, Math.min(wanted, width.most)))
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === 'ArrowRight') choose(width.now + grows * step)
    else if (event.key === 'ArrowLeft') choose(width.now - grows * step)
    else if (event.key === 'Home') choose(width.least)
    else if (event.key === 'End') choose(width.most)
    else if (event.key === 'Enter') chooseWidth(side, null)
    else return
    event.preventDefault()
  }
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    event.currentTarget.setPointerCapture(event.pointerId)
    grip.current = { x: event.clientX, width: width.now }
  }
  const onPointerMove = ({ clientX }: PointerEvent) => {
    if (grip.current !== null) choose(grip.current.width + grows * (clientX - grip.current.x))
  }
  return (
    <div
      className="side-line"
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width: ${title}`}
      aria-valuenow={width.now}
      aria-valuemin={width.least}
      aria-valuemax={width.most}
      aria-valuetext={`${width.now} pixels`}
      tabIndex={0}
      onKeyDown={onKeyDown}
      // Else the browser drags the file that has come to be under the pointer. Whoever types goes on typing.
      onMouseDown={(event) => event.preventDefault()}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onLostPointerCapture={() => (grip.current = null)}
      onDoubleClick={() => chooseWidth(side, null)}
    />
  )
}
