"""The console's pages. Server-rendered: a page is whole without scripts, holds nothing that its reader may not see, and needs no file from elsewhere."""
