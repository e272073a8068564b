/** One wrong setting: its name (a variable, or file:line:column), what is wrong and what would be right. */
export interface SettingFault {
  name: string;
  message: string;
  fix: string;
}
