// The query string a list was last seen with, per record type, so that "back to the list" returns to
// the same rows, filters and page. Lives as long as the tab.

const KEY = 'civic_os_list_search:'

export function rememberList(entity: string, search: string): void {
  sessionStorage.setItem(KEY + entity, search)
}

export const lastList = (entity: string): string => sessionStorage.getItem(KEY + entity) ?? ''
