import { go } from '../app/location'
import { loadAccount } from '../app/account'
import { Page } from '../app/Page'
import { SignedOutPage } from '../app/SignedOutPage'
import { Button } from '../ui/Button'

/** The server closed the workspace for this person for good. */
export default function RemovedPage({ code, name }: { code: number; name: string }) {
  const leave = async () => {
    await loadAccount()
    go({ at: 'home' })
  }
  if (code === 4401) return <SignedOutPage why={null} />
  const gone = code === 4404 || code === 4410
  return (
    <Page title={gone ? `“${name}” was deleted` : `You are no longer in “${name}”`}>
      <p>
        {gone
          ? 'An owner deleted this workspace.'
          : 'You left it, or an owner removed you. To come back, ask an owner for a new invitation.'}
      </p>
      <Button look="primary" onClick={() => void leave()}>
        My workspaces
      </Button>
    </Page>
  )
}
