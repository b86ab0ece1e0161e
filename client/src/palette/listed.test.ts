// @vitest-environment jsdom
import { expect, test } from 'vitest'
import type { ActionId } from '../actions/catalogue'
import { matching, ordered } from './listed'

const offered = (...ids: ActionId[]) => ids.map((id) => ({ id, available: true as const }))
const ids = (actions: { id: ActionId }[]) => actions.map(({ id }) => id)

test('what was used last comes first, the rest in the order of its groups', () => {
  const actions = offered('workspace.signOut', 'text.fold', 'files.new', 'go.home', 'go.file')
  expect(ids(ordered(actions, []))).toEqual(['go.file', 'go.home', 'files.new', 'text.fold', 'workspace.signOut'])
  expect(ids(ordered(actions, ['text.fold', 'files.rename', 'workspace.signOut']))).toEqual([
    'text.fold',
    'workspace.signOut',
    'go.file',
    'go.home',
    'files.new',
  ])
})

test('what cannot be done now comes last, however well it fits and however lately it was used', () => {
  const actions = [{ id: 'review.next' as const, available: 'there is none' }, ...offered('text.findNext', 'files.new')]
  expect(ids(ordered(actions, ['review.next']))).toEqual(['files.new', 'text.findNext', 'review.next'])
  expect(ids(matching(ordered(actions, []), 'next'))).toEqual(['text.findNext', 'review.next'])
})

test('an action is found by its title, by its group, and by other words for it', () => {
  const actions = ordered(offered('files.new', 'files.newFolder', 'files.remove', 'show.dark', 'workspace.signOut'), [])
  expect(ids(matching(actions, 'nf'))).toEqual(['files.new', 'files.newFolder'])
  expect(ids(matching([...actions, ...offered('show.system')], 'trash'))).toEqual(['files.remove', 'show.system'])
  expect(ids(matching(actions, 'log out'))).toEqual(['workspace.signOut'])
  expect(ids(matching(actions, 'theme'))).toEqual(['show.dark'])
  expect(matching(actions, 'xyz')).toEqual([])
})
