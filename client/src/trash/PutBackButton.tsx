import { useState } from 'react'
import { Button } from '../ui/Button'
import { useRole, useWorkspace } from '../workspace/context'
import { putBack } from './putBack'

interface PutBackButtonProps {
  gone: { id: string; path: string }
  onBack?: () => void
}

/** Takes a deleted file out of the trash, for everybody; nothing for those who may not. */
export function PutBackButton({ gone, onBack }: PutBackButtonProps) {
  const { id } = useWorkspace()
  const { canEdit } = useRole()
  const [busy, setBusy] = useState(false)
  if (!canEdit) return null
  const restore = async () => {
    setBusy(true)
    const back = await putBack(id, [gone])
    setBusy(false)
    if (back.length > 0) onBack?.()
  }
  return (
    <Button disabled={busy} onClick={() => void restore()}>
      Put it back
    </Button>
  )
}
