import { type ActionId, entryOf, groups } from '../actions/catalogue'
import type { OfferedAction } from '../actions/registry'
import { entry, fold, rank } from '../lib/fuzzy'

export interface ListedAction extends OfferedAction {
  /** Places of the letters that were found, in its title. */
  marks: readonly number[]
}

/** Other words are looked for as they are: scattered letters would find them all. */
const isAlsoCalled = ({ id }: OfferedAction, typed: string) => {
  const { group, also = '' } = entryOf(id)
  return fold(`${group} ${also}`).includes(fold(typed.trim()))
}

/** The actions on offer, those first that were used last, and those last that cannot be done now. */
export function ordered(offered: readonly OfferedAction[], used: readonly string[]): OfferedAction[] {
  const place = (id: ActionId) => (used.includes(id) ? used.indexOf(id) : Infinity)
  const inGroup = ({ id }: OfferedAction) => groups.indexOf(entryOf(id).group)
  // What is in the list to be looked for among the commands need not be the list itself.
  return [...offered]
    .filter(({ id }) => id !== 'go.actions')
    .sort((a, b) => {
      const possible = Number(b.available === true) - Number(a.available === true)
      const [nthA, nthB] = [place(a.id), place(b.id)]
      return possible || (nthA === nthB ? inGroup(a) - inGroup(b) : nthA - nthB)
    })
}

/** Those that fit what was typed: by their title, the best first, then by other words; and still last what cannot be. */
export function matching(actions: readonly OfferedAction[], typed: string): ListedAction[] {
  const titles = actions.map(({ id }) => entryOf(id).title)
  const { found } = rank(
    titles.map((title) => entry(title, [0, title.length])),
    typed,
    actions.length,
  )
  const byTitle = new Map(found.map(({ at, marks }) => [at, marks]))
  const marked = (at: number): ListedAction[] => {
    const action = actions[at]
    return action === undefined ? [] : [{ ...action, marks: byTitle.get(at) ?? [] }]
  }
  if (typed.trim() === '') return actions.flatMap((_, at) => marked(at))
  const others = actions.flatMap((action, at) => (!byTitle.has(at) && isAlsoCalled(action, typed) ? [at] : []))
  const fitting = [...byTitle.keys(), ...others].flatMap(marked)
  const possible = (action: OfferedAction) => action.available === true
  return [...fitting.filter(possible), ...fitting.filter((action) => !possible(action))]
}
