import { Page } from './Page'

/** `why`: what the server said to the sign-in link that somebody came with. */
export function SignedOutPage({ why }: { why: string | null }) {
  return (
    <Page title={why === null ? 'You are not signed in' : 'The sign-in link did not work'}>
      {why === null ? null : <p className="problem">{why}</p>}
      <p>Scriptorium has no passwords: a link lets you in.</p>
      <dl className="ways">
        <dt>You were invited</dt>
        <dd>
          Open the link that somebody sent you. It asks for your name and takes you to the workspace. A link that was
          for one person works once: on another device, or after signing out, ask an owner for a new one.
        </dd>
        <dt>This server is yours</dt>
        <dd>
          Each start of <code>scriptorium serve</code> prints a link that signs the owner in. It works once; start it
          again for a new one.
        </dd>
      </dl>
    </Page>
  )
}
