/** Where the settings of a group's assistant stand in its files. */
export const assistantFile = '.scriptorium/assistant.yaml'
