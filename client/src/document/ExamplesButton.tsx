import { useState } from 'react'
import { go } from '../app/location'
import { Button } from '../ui/Button'
import { attempt } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'

/** Puts a few files into an empty workspace, and opens the one that says what to try. */
export function ExamplesButton() {
  const { id, api } = useWorkspace()
  const [busy, setBusy] = useState(false)
  const bring = async () => {
    setBusy(true)
    await attempt('Nothing was put in', async () => {
      const { paths } = await api.examples()
      const path = paths.find((one) => one.endsWith('.md'))
      if (path !== undefined) go({ at: 'workspace', workspace: id, path })
    })
    setBusy(false)
  }
  return (
    <Button disabled={busy} onClick={() => void bring()}>
      Try it with examples
    </Button>
  )
}
