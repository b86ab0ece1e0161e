import { useEffect, useRef } from 'react'
import { useStore } from '../lib/store'
import { pageWith } from '../people/onScreen'
import { useHalf, useWorkspace } from '../workspace/context'

/** Shows the version at which the person looks whom one follows, and the text again when they do. */
export function useFollowedVersion(document: string): void {
  const { me, tree, following, history } = useWorkspace()
  const { focused } = useHalf()
  const user = useStore(following.user)
  const pages = useStore(tree.pages)
  const theirs = user === null || !focused ? null : pageWith(pages, user, document)
  // Two who follow each other would change places for ever.
  const screen = theirs === null || theirs.follows === me.id ? null : theirs.screen
  const { id, against } = screen?.version ?? {}
  const isElsewhere = screen !== null && screen.as !== 'version'
  const shown = useRef<string | null>(null)

  useEffect(() => {
    const versions = history.of(document)
    if (user === null) shown.current = null
    if (isElsewhere && shown.current !== null && versions.look.get()?.version.id === shown.current) versions.leave()
    if (id === undefined) return undefined
    let over = false
    // One that is not kept any more cannot be shown, and the bar does not say that it is.
    versions.api.version(id).then(
      (version) => {
        if (over) return
        shown.current = id
        versions.lookAt(version, against)
      },
      () => undefined,
    )
    return () => {
      over = true
    }
  }, [history, document, user, id, against, isElsewhere])
}
