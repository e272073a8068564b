/** Words around a failure that show it is about settings and not about the program's own data. */
export const SETTINGS = String.raw`environ|getenv|process\.env|settings|config|cfg|connectionString|\bdsn\b|[^\w]env\b|\benv\[|\.env\b|dotenv|ENV\[`;
