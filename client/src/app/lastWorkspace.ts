const key = 'scriptorium:workspace'

/** Id of the workspace that was last open in this browser; null when there was none. */
export function lastWorkspace(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function rememberWorkspace(id: string): void {
  try {
    localStorage.setItem(key, id)
  } catch {
    // The list of workspaces asks then.
  }
}
