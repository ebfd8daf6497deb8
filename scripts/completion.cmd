@setlocal & set NoDefaultCurrentDirectoryInExePath=1& node "%~dp0launcher.mjs" "%~dp0completion.ts" %*
