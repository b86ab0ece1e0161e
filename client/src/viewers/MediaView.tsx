import { type ViewedFile, ViewerBar } from './ViewerBar'

interface MediaViewProps {
  file: ViewedFile
  film: boolean
  onBroken: () => void
}

/** Sound or film, played by the browser itself. */
export default function MediaView({ file, film, onBroken }: MediaViewProps) {
  return (
    <section className="viewer" aria-label={file.name}>
      <div className="viewer-window viewer-media">
        {film ? (
          <video src={file.url} controls preload="metadata" aria-label={file.name} onError={onBroken} />
        ) : (
          <audio src={file.url} controls preload="metadata" aria-label={file.name} onError={onBroken} />
        )}
      </div>
      <ViewerBar file={file} />
    </section>
  )
}
