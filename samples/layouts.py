"""Site layouts as Jinja templates: eight sorts of web page, and the plainest of all.

Each template gets `page`, `body` (the main text as HTML), `site` (name, host, navigation), `c` (the
furniture's wording in the page's language), `lang` (attribute) and `charset_meta`. The class names
are those that real sites of the sort have, since extractors read them.
"""

HEAD = """<!DOCTYPE html>
<html{{ lang }}>
<head>
{{ charset_meta }}<title>{{ page.title }}{{ site.title_suffix }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{{ metas }}<link rel="canonical" href="{{ page.url }}">
<link rel="stylesheet" href="/assets/{{ site.short }}.css">
<style>
body{margin:0;font-family:Georgia,serif}
.site-nav li{display:inline}
.cookie-consent{position:fixed;bottom:0}
</style>
<script>
window.dataLayer=window.dataLayer||[];
function track(){dataLayer.push(arguments)}
track("page","{{ site.short }}");
</script>
</head>
"""

NAV = """<nav class="site-nav" aria-label="{{ c.menu }}"><ul>
{% for label, href in site.links %}<li><a href="{{ href }}">{{ label }}</a></li>
{% endfor %}</ul></nav>
<form class="searchform" action="/search">
<input type="search" name="q" placeholder="{{ c.search }}"><button>{{ c.search }}</button>
</form>
"""

COOKIES = """<div class="cookie-consent" role="dialog">
<span>{{ c.cookies }}</span> <button>{{ c.accept }}</button> <button>{{ c.decline }}</button>
</div>
"""

RELATED = """<aside class="related-posts"><h3>{{ c.related }}</h3><ul>
{% for title, href in site.related %}<li><a href="{{ href }}">{{ title }}</a></li>
{% endfor %}</ul></aside>
"""

FOOTER = """<footer class="site-footer"><div class="newsletter-box">
<a href="/newsletter">{{ c.newsletter }}</a></div>
<ul class="social-links"><li><a href="/share">{{ c.share }}</a></li><li>
<a href="/contact">{{ c.contact }}</a></li></ul>
<p>&copy; {{ page.date[:4] }} {{ site.name }} · {{ c.rights }}</p></footer>
"""

END = """<script>document.addEventListener("DOMContentLoaded",function(){track("ready")});</script>
</body>
</html>
"""

BLOG = (
    HEAD
    + """<body class="single single-post">
<header class="site-header"><a class="site-title" href="/">{{ site.name }}</a>
"""
    + NAV
    + """</header>
<main id="primary" class="site-main">
<article class="post-{{ site.number }} type-post">
<header class="entry-header"><h1 class="entry-title">{{ page.title }}</h1>
<div class="entry-meta">{{ c.posted }} <time datetime="{{ page.date }}">{{ page.date }}</time>
</div></header>
<div class="entry-content">
{{ body }}
</div>
<footer class="entry-footer"><a href="/share">{{ c.share }}</a></footer>
</article>
"""
    + RELATED
    + """<div id="comments" class="comments-area">
<h3 class="comments-title">{{ c.comments }}</h3><a href="/login">{{ c.login }}</a></div>
</main>
"""
    + FOOTER
    + COOKIES
    + END
)

NEWS = (
    HEAD
    + """<body>
<div id="wrap"><div class="masthead"><div class="logo"><a href="/">{{ site.name }}</a></div>
<div class="top-navigation">"""
    + NAV
    + """</div></div>
<div class="row"><div class="col-8"><div class="inner"><div class="breadcrumbs">
<a href="/">{{ c.home }}</a> &raquo; <a href="/news">{{ c.news }}</a></div>
<div class="story-header"><h1>{{ page.title }}</h1>
<div class="byline">{{ c.posted }}: <span class="timestamp">{{ page.date }}</span></div></div>
<div class="share-tools"><a href="/share">{{ c.share }}</a></div>
<div class="article-body"><div class="rich"><div class="block-text">
{{ body }}
</div></div></div>
<div class="tags"><a href="/tag/1">{{ c.news }}</a></div>
</div></div>
<div class="col-4 sidebar">"""
    + RELATED
    + """</div></div>
"""
    + FOOTER
    + """</div>
"""
    + COOKIES
    + END
)

FORUM = (
    HEAD
    + """<body class="forum">
<div id="header"><a href="/">{{ site.name }}</a>
"""
    + NAV
    + """</div>
<div class="crumbs breadcrumb"><a href="/">{{ c.home }}</a> / <a href="/forum">{{ c.news }}</a>
</div>
<div id="content" class="thread">
<h1 class="topic-title">{{ page.title }}</h1>
{{ body }}
</div>
"""
    + RELATED
    + FOOTER
    + COOKIES
    + END
)

SHOP = (
    HEAD
    + """<body class="product-template">
<header class="shop-header"><a href="/">{{ site.name }}</a>
"""
    + NAV
    + """<div class="mini-cart"><a href="/basket">{{ c.basket_label }}</a></div></header>
<main class="product-main"><div class="breadcrumb"><a href="/">{{ c.home }}</a></div>
<div class="gallery"><img src="/img/{{ site.number }}.jpg" alt=""></div>
<div class="buy-box sidebar">
<span class="price-label">{{ c.price }}</span> <span>{{ site.price }}</span>
<button type="button">{{ c.basket }}</button></div>
<div class="product-description page-content"><h1>{{ page.title }}</h1>
{{ body }}
</div>
</main>
"""
    + RELATED
    + FOOTER
    + COOKIES
    + END
)

DOCUMENTATION = (
    HEAD
    + """<body class="docs">
<div class="topbar navbar"><a href="/">{{ site.name }}</a> <a href="/search">{{ c.search }}</a>
</div>
<div class="layout"><div class="docs-sidebar sidebar"><strong>{{ c.menu }}</strong><ul>
{% for label, href in site.links + site.related %}<li><a href="{{ href }}">{{ label }}</a></li>
{% endfor %}</ul></div>
<div role="main" class="document"><section id="main-content">
<h1>{{ page.title }}<a class="headerlink" href="#top" title="#"></a></h1>
{{ body }}
</section></div></div>
"""
    + FOOTER
    + COOKIES
    + END
)

TABLES = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<html{{ lang }}>
<head>
{{ charset_meta }}<title>{{ page.title }}{{ site.title_suffix }}</title>
{{ metas }}<style type="text/css">td { font-family: Verdana, sans-serif; font-size: 11px }</style>
</head>
<body bgcolor="#FFFFFF" text="#000000" link="#003399">
<table width="760" border="0" cellspacing="0" cellpadding="0" align="center">
<tr><td colspan="3" bgcolor="#003399"><a href="/">
<font color="#FFFFFF" size="4">{{ site.name }}</font></a></td></tr>
<tr><td width="130" valign="top" bgcolor="#EEEEEE">
{% for label, href in site.links %}<a href="{{ href }}">{{ label }}</a><br>
{% endfor %}</td>
<td width="500" valign="top">
<h1><font size="4">{{ page.title }}</font></h1>
<div class="text">
{{ body }}
</div></td>
<td width="130" valign="top"><b>{{ c.related }}</b><br>
{% for title, href in site.related %}<a href="{{ href }}">{{ title }}</a><br>
{% endfor %}</td></tr>
<tr><td colspan="3" align="center">
<a href="/contact.htm">{{ c.contact }}</a> | <a href="/newsletter.htm">{{ c.newsletter }}</a>
</td></tr>
</table>
<div id="cookie-note">{{ c.cookies }} <a href="#" onclick="return false">{{ c.accept }}</a>
</div>
<script type="text/javascript">
var hits = {{ site.number }}; document.title = document.title;
</script>
</body>
</html>
"""

ENCYCLOPEDIA = (
    HEAD
    + """<body class="mediawiki skin-vector">
<div id="mw-head" class="navigation"><a href="/">{{ site.name }}</a></div>
<div id="content" class="mw-body" role="main">
<h1 id="firstHeading" class="firstHeading">{{ page.title }}</h1>
<div id="bodyContent"><div id="mw-content-text" class="mw-parser-output">
{{ body }}
</div></div></div>
<div id="mw-panel" class="navigation"><ul>
{% for label, href in site.links + site.related %}<li><a href="{{ href }}">{{ label }}</a></li>
{% endfor %}</ul></div>
"""
    + FOOTER
    + COOKIES
    + END
)

MINIMAL = """<html{{ lang }}>
<head>{{ charset_meta }}<title>{{ page.title }}</title>{{ metas }}</head>
<body>
<a href="/">{{ c.home }}</a> <a href="/news">{{ c.news }}</a> <a href="/about">{{ c.about }}</a>
<h1>{{ page.title }}</h1>
<div id="main">
{{ body }}
</div>
<hr>
<a href="/contact">{{ c.contact }}</a> <a href="/login">{{ c.login }}</a>
<script>var t=0;</script>
</body></html>
"""

PLAIN = """<!DOCTYPE html>
<html{{ lang }}><head>{{ charset_meta }}<title>{{ page.title }}</title>{{ metas }}</head>
<body>
<div id="content">
{{ body }}
</div>
</body></html>
"""

TEMPLATES = {
    "blog": BLOG,
    "news": NEWS,
    "forum": FORUM,
    "shop": SHOP,
    "documentation": DOCUMENTATION,
    "tables": TABLES,
    "encyclopedia": ENCYCLOPEDIA,
    "minimal": MINIMAL,
    "plain": PLAIN,
}
# What a page is decides for these; any other sort of page takes what its host's hash says.
BY_KIND = {
    "forum": "forum",
    "product": "shop",
    "code": "documentation",
    "encyclopedia": "encyclopedia",
}
BY_HOST = ("blog", "news", "tables", "minimal", "documentation", "blog", "news")
