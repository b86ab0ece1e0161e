import { useLayoutEffect, useRef } from 'react'
import { type ViewedFile, ViewerBar } from './ViewerBar'

interface MediaViewProps {
  file: ViewedFile
  film: boolean
  onBroken: () => void
}

/** Sound or film, played by the browser itself. */
export default function MediaView({ file, film, onBroken }: MediaViewProps) {
  const player = useRef<HTMLMediaElement>(null)
  // The browser begins to read when the element is made. React may show that as much as 300 ms later, and tells nobody
  // of what failed before.
  useLayoutEffect(() => {
    if (player.current?.error) onBroken()
  })
  const Player = film ? 'video' : 'audio'
  return (
    <section className="viewer" aria-label={file.name}>
      <div className="viewer-window viewer-media">
        <Player
          ref={(element) => {
            player.current = element
          }}
          src={file.url}
          controls
          preload="metadata"
          aria-label={file.name}
          onError={onBroken}
        />
      </div>
      <ViewerBar file={file} />
    </section>
  )
}
