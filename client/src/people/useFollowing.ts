import { useEffect, useRef } from 'react'
import { currentPlace, go } from '../app/location'
import { showForNow } from '../document/previewMode'
import { useStore } from '../lib/store'
import { tell } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { whereabouts } from './following'
import { pageWith } from './onScreen'

/** Milliseconds for which somebody may be gone: a page that is loaded again is away for a moment. */
const patience = 10_000

/** Takes the page to the file in which the person is that one follows; until they leave, or one goes elsewhere. */
export function useFollowing(document: string | null): void {
  const { id, me, tree, following, members } = useWorkspace()
  const user = useStore(following.user)
  const present = useStore(tree.presence)
  const { nodes } = useStore(tree.tree)
  const last = useRef<string | null>(null)

  const here = user === null || present.some((presence) => presence.user === user)
  useEffect(() => {
    if (here) return undefined
    const timer = setTimeout(() => {
      const name = members.get().find((member) => member.id === following.user.get())?.name
      following.stop()
      tell(`${name ?? 'Whom you followed'} is not here any more`)
    }, patience)
    return () => clearTimeout(timer)
  }, [here, following, members])

  useEffect(() => tree.follow(user), [tree, user])

  // As text, as its preview, or as both: as they have it, until one chooses oneself or opens another file.
  const pages = useStore(tree.pages)
  const theirs = user === null ? null : pageWith(pages, user, document)
  // Two who follow each other would change places for ever.
  const as = theirs === null || theirs.follows === me.id ? undefined : theirs.screen?.as
  useEffect(() => {
    if (as === 'text' || as === 'both' || as === 'preview') showForNow(as)
  }, [as, document])
  useEffect(() => () => showForNow(null), [document])

  useEffect(() => {
    if (user === null) {
      last.current = null
      return
    }
    const where = whereabouts(present, user, last.current)
    if (where === null || where === undefined || where === last.current) return
    last.current = where
    const path = nodes.get(where)?.path
    if (path !== undefined && where !== document) go({ at: 'workspace', workspace: id, path })
  }, [user, present, nodes, document, id])

  // Whoever opens another file goes a way of their own.
  useEffect(() => {
    if (user === null) return undefined
    return currentPlace.subscribe(() => {
      const place = currentPlace.get()
      const path = last.current === null ? undefined : tree.tree.get().nodes.get(last.current)?.path
      if (path !== undefined && !(place.at === 'workspace' && place.path === path)) following.stop()
    })
  }, [user, tree, following])
}
