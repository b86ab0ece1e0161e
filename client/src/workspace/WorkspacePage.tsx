import { useEffect, useState } from 'react'
import { describe } from '../api/problem'
import type { Me } from '../api/types'
import { WorkspaceApi } from '../api/workspace'
import { go } from '../app/location'
import { rememberWorkspace } from '../app/lastWorkspace'
import type { Place } from '../app/place'
import { Page } from '../app/Page'
import { Button } from '../ui/Button'
import { Waiting } from '../ui/Waiting'
import { WorkspaceContext } from './context'
import { WorkspaceSession } from './session'
import { Shell } from './Shell'

interface WorkspacePageProps {
  me: Me
  place: Exclude<Place, { at: 'home' }>
}

type Opened = { session: WorkspaceSession } | { problem: string } | null

export function WorkspacePage({ me, place }: WorkspacePageProps) {
  const { workspace } = place
  const [opened, setOpened] = useState<Opened>(null)

  useEffect(() => {
    let session: WorkspaceSession | null = null
    let left = false
    new WorkspaceApi(workspace).get().then(
      (summary) => {
        if (left) return
        session = new WorkspaceSession(me, summary)
        rememberWorkspace(workspace)
        setOpened({ session })
      },
      (error: unknown) => setOpened({ problem: describe(error).detail || describe(error).title }),
    )
    return () => {
      left = true
      session?.close()
    }
  }, [me, workspace])

  if (opened === null) return <Waiting>Opening the workspace…</Waiting>
  if ('problem' in opened) {
    return (
      <Page title="This workspace cannot be opened">
        <p>{opened.problem}</p>
        <Button onClick={() => go({ at: 'home' })}>My workspaces</Button>
      </Page>
    )
  }
  return (
    <WorkspaceContext value={opened.session}>
      {place.at === 'figures' ? <Shell path="" figures /> : <Shell path={place.path} />}
    </WorkspaceContext>
  )
}
