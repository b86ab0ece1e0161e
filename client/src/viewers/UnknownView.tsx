import { useEffect, useState } from 'react'
import { firstBytes, hexLines, shownBytes } from './hex'
import { DownloadLink, type ViewedFile } from './ViewerBar'

interface UnknownViewProps {
  file: ViewedFile
  /** Why it is not shown as what it is called. */
  problem: string | null
}

/** A file that nothing here can show: what it is, and what it begins with. */
export default function UnknownView({ file, problem }: UnknownViewProps) {
  const [bytes, setBytes] = useState<Uint8Array | null>(null)
  useEffect(() => {
    const aborted = new AbortController()
    firstBytes(file.url, aborted.signal).then(setBytes, () => undefined)
    return () => aborted.abort()
  }, [file.url])
  return (
    <section className="notice viewer-unknown" aria-label={file.name}>
      <h2>{file.name}</h2>
      <p>{file.facts}</p>
      {problem === null ? null : <p role="alert">{problem}</p>}
      <p>It is not text, so it cannot be edited here. Everybody in the workspace can download it.</p>
      <div className="notice-actions">
        <DownloadLink file={file} />
      </div>
      {bytes === null || bytes.length === 0 ? null : (
        <figure className="viewer-bytes">
          <figcaption>{bytes.length < shownBytes ? 'All of its bytes' : `The first ${shownBytes} bytes`}</figcaption>
          <pre tabIndex={0}>{hexLines(bytes).join('\n')}</pre>
        </figure>
      )}
    </section>
  )
}
