import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { type Movable, scrollNear, useOnScreen } from '../people/useOnScreen'
import { type ViewedFile, ViewerBar, ZoomButtons, zoomKey } from './ViewerBar'
import { largest, nextZoom } from './zoom'

interface Size {
  width: number
  height: number
}

const margin = 48

/** How large something is when it fits into a window; never larger than it is. */
function fitting(size: Size, room: Size): number {
  if (size.width === 0 || size.height === 0) return 1
  return Math.max(0.01, Math.min(1, (room.width - margin) / size.width, (room.height - margin) / size.height))
}

/** A picture, as large as there is room for or as one wants it. Drawings too: within an image, nothing of them runs. */
export default function ImageView({ file, onBroken }: { file: ViewedFile; onBroken: () => void }) {
  const window = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState<Size | null>(null)
  const [room, setRoom] = useState<Size>({ width: 0, height: 0 })
  const [chosen, setChosen] = useState<number | null>(null)

  useEffect(() => {
    const element = window.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const fit = size === null ? 1 : fitting(size, room)
  const zoom = chosen ?? fit
  const zooming = {
    onZoom: (direction: 1 | -1) => setChosen(nextZoom(zoom, direction)),
    onFit: () => setChosen(null),
    onActual: () => setChosen(1),
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (zoomKey(event.key, zooming)) event.preventDefault()
  }
  const movable: Movable = {
    scroller: window,
    // How large, none for as it fits, and what is in the middle.
    read() {
      const element = window.current
      if (element === null || size === null) return null
      const { scrollLeft, scrollTop, clientWidth, clientHeight, scrollWidth, scrollHeight } = element
      return [chosen ?? 0, (scrollLeft + clientWidth / 2) / scrollWidth, (scrollTop + clientHeight / 2) / scrollHeight]
    },
    go([zoomed = 0, x = 0.5, y = 0.5]) {
      flushSync(() => setChosen(zoomed > 0 ? Math.min(zoomed, largest) : null))
      const element = window.current
      if (element === null) return
      const { clientWidth, clientHeight, scrollWidth, scrollHeight } = element
      scrollNear(element, x * scrollWidth - clientWidth / 2, y * scrollHeight - clientHeight / 2)
    },
  }
  const tell = useOnScreen(file.document, size === null ? null : 'image', movable)
  useEffect(tell, [tell, chosen])
  const shown = size === null || size.width === 0 ? undefined : { width: size.width * zoom, height: size.height * zoom }
  return (
    <section className="viewer" aria-label={file.name}>
      <div
        className="viewer-window viewer-image"
        ref={window}
        tabIndex={0}
        role="group"
        aria-label="The image"
        onKeyDown={onKeyDown}
        onDoubleClick={() => (chosen === null ? setChosen(1) : setChosen(null))}
      >
        <img
          src={file.url}
          alt={file.name}
          style={shown}
          data-pixels={zoom >= 3 || undefined}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => setSize({ width, height })}
          onError={onBroken}
        />
      </div>
      <ViewerBar file={file} {...(size !== null && { facts: `${size.width} × ${size.height}` })}>
        <ZoomButtons zoom={zoom} fits={chosen === null} {...zooming} />
      </ViewerBar>
    </section>
  )
}
