import type { Recipe } from '../api/types'

const placeholder = /\{([A-Za-z][A-Za-z0-9 _-]{0,39})\}/g

/** The instruction with what was said for each of its placeholders. */
export function filled(recipe: Recipe, words: Readonly<Record<string, string>>): string {
  return recipe.instruction.replace(placeholder, (whole, name: string) => words[name]?.trim() ?? whole)
}

/** A recipe that changes text needs some. */
export const fits = (recipe: Recipe, selected: boolean): boolean => selected || recipe.kind !== 'edit'

/** How many stand beside a selection: a line of them, that is read at a glance. */
const mostInTip = 3

export const forTip = (recipes: readonly Recipe[]): string[] => recipes.slice(0, mostInTip).map(({ name }) => name)
