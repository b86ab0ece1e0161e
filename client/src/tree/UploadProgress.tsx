import { Progress as Bar } from 'radix-ui'
import { formatSize } from '../lib/format'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import type { UploadProgress as Progress } from './uploads'

function words({ archive, total, done, size, sent }: Progress): string {
  if (archive === null) return `Uploading ${done} of ${total}, ${formatSize(size)}`
  return sent < size ? `Uploading “${archive}”, ${formatSize(size)}` : `Unpacking “${archive}”…`
}

export function UploadProgress() {
  const { uploads } = useWorkspace()
  const progress = useStore(uploads.progress)
  if (progress === null) return null
  // Many small files take their time by number, few large ones by size.
  const part = (progress.done / progress.total + (progress.size === 0 ? 1 : progress.sent / progress.size)) / 2
  return (
    <div className="upload-progress" role="status">
      <p>{words(progress)}</p>
      <Bar.Root className="progress" value={Math.round(part * 100)} aria-label="Upload">
        <Bar.Indicator className="progress-bar" style={{ width: `${part * 100}%` }} />
      </Bar.Root>
      <Button small look="quiet" onClick={() => uploads.stop()}>
        Stop
      </Button>
    </div>
  )
}
