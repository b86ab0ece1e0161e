import { type ActionId, actionIds, entryOf, groups } from '../actions/catalogue'
import type { OfferedAction } from '../actions/registry'
import { entry, fold, rank } from '../lib/fuzzy'

export interface ListedAction extends OfferedAction {
  /** Places of the letters that were found, in its title. */
  marks: readonly number[]
}

/** The actions on offer, those first that were used last, and those last that cannot be done now. */
export function ordered(offered: readonly OfferedAction[], used: readonly string[]): OfferedAction[] {
  const place = (id: ActionId) => (used.includes(id) ? used.indexOf(id) : Infinity)
  const listed = ({ id }: OfferedAction) => groups.indexOf(entryOf(id).group) * 1000 + actionIds.indexOf(id)
  // What is in the list to be looked for among the commands need not be the list itself.
  return [...offered]
    .filter(({ id }) => id !== 'go.actions')
    .sort((a, b) => {
      const possible = Number(b.available === true) - Number(a.available === true)
      const [nthA, nthB] = [place(a.id), place(b.id)]
      return possible || (nthA === nthB ? listed(a) - listed(b) : nthA - nthB)
    })
}

const searchableTitle = (title: string) => entry(title, [0, title.length])

/** Whether other words for it begin so; letters here and there would find them all. */
function isAlsoCalled(action: OfferedAction | undefined, typed: string): boolean {
  if (action === undefined) return false
  const { group, also = '' } = entryOf(action.id)
  return ` ${fold(`${group} ${also}`)}`.includes(` ${fold(typed.trim())}`)
}

/**
 * Those that fit what was typed: whose title has it as it is, then who are also called so, then whose title has its
 * letters. What cannot be done now still comes last.
 */
export function matching(actions: readonly OfferedAction[], typed: string): ListedAction[] {
  const titles = actions.map(({ id }) => searchableTitle(entryOf(id).title))
  const { found } = rank(titles, typed, actions.length)
  if (typed.trim() === '') return actions.map((action) => ({ ...action, marks: [] }))
  const wanted = fold(typed.trim())
  const byTitle = new Map(found.map(({ at, marks }) => [at, marks]))
  const isWhole = (at: number) => titles[at]?.folded.includes(wanted) === true
  const asTyped = [...byTitle.keys()].filter(isWhole)
  const named = [...actions.keys()].filter((at) => !asTyped.includes(at) && isAlsoCalled(actions[at], typed))
  const fitting = [...new Set([...asTyped, ...named, ...byTitle.keys()])].flatMap((at) => {
    const action = actions[at]
    // Of a title that was not meant, no letters are marked.
    const marks = named.includes(at) ? [] : byTitle.get(at)
    return action === undefined ? [] : [{ ...action, marks: marks ?? [] }]
  })
  const possible = (action: OfferedAction) => action.available === true
  return [...fitting.filter(possible), ...fitting.filter((action) => !possible(action))]
}
