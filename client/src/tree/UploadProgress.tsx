import { Progress } from 'radix-ui'
import { formatSize } from '../lib/format'
import { useStore } from '../lib/store'
import { Button } from '../ui/Button'
import { useWorkspace } from '../workspace/context'

export function UploadProgress() {
  const { uploads } = useWorkspace()
  const progress = useStore(uploads.progress)
  if (progress === null) return null
  // Many small files take their time by number, few large ones by size.
  const part = (progress.done / progress.total + (progress.size === 0 ? 1 : progress.sent / progress.size)) / 2
  return (
    <div className="upload-progress" role="status">
      <p>
        Uploading {progress.done} of {progress.total}, {formatSize(progress.size)}
      </p>
      <Progress.Root className="progress" value={Math.round(part * 100)} aria-label="Upload">
        <Progress.Indicator className="progress-bar" style={{ width: `${part * 100}%` }} />
      </Progress.Root>
      <Button small look="quiet" onClick={() => uploads.stop()}>
        Stop
      </Button>
    </div>
  )
}
