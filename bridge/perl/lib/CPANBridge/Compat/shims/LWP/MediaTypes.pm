package LWP::MediaTypes;

use 5.014;
use strict;
use warnings;

use Exporter 'import';
use Scalar::Util ();

our $VERSION   = '6.04';
our @EXPORT    = qw(guess_media_type media_suffix);
our @EXPORT_OK = qw(add_type add_encoding read_media_types);

# The first suffix of a type is the one that media_suffix gives.
my @TYPES = (
    [ 'application/atom+xml',                 'atom' ],
    [ 'application/gzip' ],
    [ 'application/java-archive',             'jar' ],
    [ 'application/javascript',               qw(js mjs) ],
    [ 'application/json',                     qw(json map) ],
    [ 'application/ld+json',                  'jsonld' ],
    [ 'application/manifest+json',            'webmanifest' ],
    [ 'application/mbox',                     'mbox' ],
    [ 'application/msword',                   qw(doc dot) ],
    [ 'application/octet-stream',             qw(bin dll dmg exe iso so) ],
    [ 'application/ogg',                      'ogx' ],
    [ 'application/pdf',                      'pdf' ],
    [ 'application/pgp-signature',            qw(asc sig) ],
    [ 'application/postscript',               qw(ps ai eps) ],
    [ 'application/rdf+xml',                  'rdf' ],
    [ 'application/rss+xml',                  'rss' ],
    [ 'application/rtf',                      'rtf' ],
    [ 'application/sql',                      'sql' ],
    [ 'application/vnd.ms-excel',             qw(xls xlt) ],
    [ 'application/vnd.ms-fontobject',        'eot' ],
    [ 'application/vnd.ms-powerpoint',        qw(ppt pps) ],
    [ 'application/vnd.oasis.opendocument.presentation', 'odp' ],
    [ 'application/vnd.oasis.opendocument.spreadsheet',  'ods' ],
    [ 'application/vnd.oasis.opendocument.text',         'odt' ],
    [ 'application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx' ],
    [ 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',         'xlsx' ],
    [ 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',   'docx' ],
    [ 'application/wasm',                     'wasm' ],
    [ 'application/x-7z-compressed',          '7z' ],
    [ 'application/x-cpio',                   'cpio' ],
    [ 'application/x-debian-package',         'deb' ],
    [ 'application/x-dvi',                    'dvi' ],
    [ 'application/x-gtar',                   'gtar' ],
    [ 'application/x-latex',                  'latex' ],
    [ 'application/x-redhat-package-manager', 'rpm' ],
    [ 'application/x-sh',                     'sh' ],
    [ 'application/x-shar',                   'shar' ],
    [ 'application/x-tar',                    'tar' ],
    [ 'application/x-tex',                    'tex' ],
    [ 'application/x-texinfo',                qw(texi texinfo) ],
    [ 'application/x-x509-ca-cert',           qw(crt cer) ],
    [ 'application/xhtml+xml',                qw(xhtml xht) ],
    [ 'application/xml',                      qw(xml xsl xsd) ],
    [ 'application/xslt+xml',                 'xslt' ],
    [ 'application/zip',                      'zip' ],
    [ 'audio/basic',                          qw(au snd) ],
    [ 'audio/flac',                           'flac' ],
    [ 'audio/midi',                           qw(mid midi) ],
    [ 'audio/mp4',                            'm4a' ],
    [ 'audio/mpeg',                           qw(mp3 mp2 mpga) ],
    [ 'audio/ogg',                            qw(oga ogg opus spx) ],
    [ 'audio/x-aiff',                         qw(aif aiff aifc) ],
    [ 'audio/x-wav',                          'wav' ],
    [ 'font/otf',                             'otf' ],
    [ 'font/ttf',                             'ttf' ],
    [ 'font/woff',                            'woff' ],
    [ 'font/woff2',                           'woff2' ],
    [ 'image/avif',                           'avif' ],
    [ 'image/bmp',                            'bmp' ],
    [ 'image/gif',                            'gif' ],
    [ 'image/jpeg',                           qw(jpeg jpg jpe) ],
    [ 'image/png',                            'png' ],
    [ 'image/svg+xml',                        'svg' ],
    [ 'image/tiff',                           qw(tiff tif) ],
    [ 'image/x-icon',                         'ico' ],
    [ 'image/webp',                           'webp' ],
    [ 'image/x-portable-anymap',              'pnm' ],
    [ 'image/x-portable-bitmap',              'pbm' ],
    [ 'image/x-portable-graymap',             'pgm' ],
    [ 'image/x-portable-pixmap',              'ppm' ],
    [ 'image/x-xbitmap',                      'xbm' ],
    [ 'image/x-xpixmap',                      'xpm' ],
    [ 'message/rfc822',                       qw(eml mht mhtml) ],
    [ 'text/calendar',                        qw(ics ifb) ],
    [ 'text/css',                             'css' ],
    [ 'text/csv',                             'csv' ],
    [ 'text/html',                            qw(html htm) ],
    [ 'text/markdown',                        qw(md markdown) ],
    [ 'text/plain',                           qw(txt asc log conf text pod) ],
    [ 'text/tab-separated-values',            'tsv' ],
    [ 'text/vcard',                           qw(vcf vcard) ],
    [ 'text/x-c',                             qw(c h cc cxx cpp hh) ],
    [ 'text/yaml',                            qw(yaml yml) ],
    [ 'video/mp4',                            qw(mp4 m4v mpg4) ],
    [ 'video/mpeg',                           qw(mpeg mpg mpe) ],
    [ 'video/ogg',                            'ogv' ],
    [ 'video/quicktime',                      qw(mov qt) ],
    [ 'video/webm',                           'webm' ],
    [ 'video/x-matroska',                     'mkv' ],
    [ 'video/x-msvideo',                      'avi' ],
);

my %type_of;
my %suffixes_of;
my %encoding_of = ( gz => 'gzip', Z => 'compress', z => 'compress', bz2 => 'x-bzip2', br => 'br', xz => 'xz', zst => 'zstd', uu => 'x-uuencode', UU => 'x-uuencode', hqx => 'x-hqx' );

add_type(@$_) for reverse @TYPES;
_read_own();

sub _read_own {
    my $home = defined $ENV{HOME} ? $ENV{HOME} : return;
    for my $file ( "$home/.media.types", "$home/.mime.types" ) {
        if ( -f $file ) { read_media_types($file); last }
    }
    return;
}

sub guess_media_type {
    my ( $file, $header ) = @_;
    return if !defined $file;
    my ( $name, $path ) = ( $file, undef );
    if ( ref $file ) {
        if ( !Scalar::Util::blessed($file) ) {
            require Carp;
            Carp::croak('Unable to determine filetype on unblessed refs');
        }
        if    ( $file->can('path') )     { $name = $file->path; undef $path }
        elsif ( $file->can('filename') ) { $path = $name = $file->filename }
        else                             { $path = $name = "$file" }
    }
    else { $path = $file }
    $name =~ s{.*/}{}s if $name =~ m{/};
    my ( undef, @suffixes ) = split /\./, $name, -1;
    my ( $type, @encodings );
    for my $suffix ( reverse @suffixes ) {
        my $encoding = $encoding_of{$suffix} // $encoding_of{ lc $suffix };
        if ( defined $encoding && !$type_of{$suffix} ) { unshift @encodings, $encoding; next }
        $type = $type_of{$suffix} // $type_of{ lc $suffix };
        last;
    }
    if ( !defined $type ) {
        no warnings 'newline';
        $type = defined $path && ( -T $path || ( -e _ && !-f _ && !-d _ && $path eq '/dev/null' ) ) ? 'text/plain' : 'application/octet-stream';
    }
    if ($header) {
        $header->header( 'Content-Type' => $type );
        $header->header( 'Content-Encoding' => \@encodings ) if @encodings;
    }
    return wantarray ? ( $type, @encodings ) : $type;
}

sub media_suffix {
    my @types = map {lc} @_;
    my @suffixes;
    for my $type (@types) {
        if ( $type =~ /\*/ ) {
            ( my $pattern = quotemeta $type ) =~ s/\\\*/.*/g;
            push @suffixes, map { @{ $suffixes_of{$_} } } grep { /\A$pattern\z/ } sort keys %suffixes_of;
        }
        else { push @suffixes, @{ $suffixes_of{$type} || [] } }
    }
    return wantarray ? @suffixes : $suffixes[0];
}

sub add_type {
    my ( $type, @suffixes ) = @_;
    $type = lc $type;
    for my $suffix (@suffixes) {
        ( my $name = $suffix ) =~ s/\A\.//;
        $type_of{$name} = $type;
    }
    my %known = map { $_ => 1 } @suffixes;
    $suffixes_of{$type} = [ @suffixes, grep { !$known{$_} } @{ $suffixes_of{$type} || [] } ];
    return;
}

sub add_encoding {
    my ( $encoding, @suffixes ) = @_;
    for my $suffix (@suffixes) {
        ( my $name = $suffix ) =~ s/\A\.//;
        $encoding_of{$name} = $encoding;
    }
    return;
}

sub read_media_types {
    my @files = @_;
    for my $file (@files) {
        open my $in, '<', $file or next;
        while ( my $line = <$in> ) {
            $line =~ s/#.*//;
            my ( $type, @suffixes ) = split ' ', $line;
            add_type( $type, @suffixes ) if @suffixes;
        }
        close $in;
    }
    return;
}

1;

__END__

=head1 NAME

LWP::MediaTypes - types of content by the names of files

=head1 SYNOPSIS

    use LWP::MediaTypes;

    my ( $type, @encodings ) = guess_media_type('report.tar.gz');    # application/x-tar, gzip

=head1 COVERED

C<guess_media_type>, C<media_suffix>, C<add_type>, C<add_encoding>, C<read_media_types>, and the files C<~/.media.types> and C<~/.mime.types>, which add to the
built-in table of some 100 common types. A replacement that comes with L<CPANBridge::Compat>.

=cut
