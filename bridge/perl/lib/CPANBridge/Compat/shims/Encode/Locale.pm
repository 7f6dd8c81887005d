package Encode::Locale;

use 5.014;
use strict;
use warnings;

use Encode        ();
use Encode::Alias ();
use Exporter 'import';

our $VERSION   = '1.05';
our @EXPORT_OK = qw(decode_argv env reinit $ENCODING_LOCALE $ENCODING_LOCALE_FS $ENCODING_CONSOLE_IN $ENCODING_CONSOLE_OUT);

our ( $ENCODING_LOCALE, $ENCODING_LOCALE_FS, $ENCODING_CONSOLE_IN, $ENCODING_CONSOLE_OUT );

# The names are looked up each time: reinit changes what they mean.
Encode::Alias::define_alias( sub { lc $_[0] eq 'locale'      ? $ENCODING_LOCALE      : undef } => 'locale' );
Encode::Alias::define_alias( sub { lc $_[0] eq 'locale_fs'   ? $ENCODING_LOCALE_FS   : undef } => 'locale_fs' );
Encode::Alias::define_alias( sub { lc $_[0] eq 'console_in'  ? $ENCODING_CONSOLE_IN  : undef } => 'console_in' );
Encode::Alias::define_alias( sub { lc $_[0] eq 'console_out' ? $ENCODING_CONSOLE_OUT : undef } => 'console_out' );

_find();

sub _codeset {
    my $name = eval {
        local $SIG{__DIE__};
        require POSIX;
        require I18N::Langinfo;
        my $before = POSIX::setlocale( POSIX::LC_CTYPE() );
        POSIX::setlocale( POSIX::LC_CTYPE(), '' );
        my $found = I18N::Langinfo::langinfo( I18N::Langinfo::CODESET() );
        POSIX::setlocale( POSIX::LC_CTYPE(), $before ) if defined $before;
        $found;
    };
    return defined $name && length $name ? $name : 'ascii';
}

sub _find {
    my $name = _codeset();
    my %better = ( 646 => 'ascii', 'ANSI_X3.4-1968' => 'ascii', gb2312 => 'euc-cn' );
    $ENCODING_LOCALE = $better{$name} || $name;
    $ENCODING_LOCALE_FS = $^O eq 'darwin' ? 'UTF-8' : $ENCODING_LOCALE;
    $ENCODING_CONSOLE_IN = $ENCODING_CONSOLE_OUT = $ENCODING_LOCALE;
    if ( !Encode::find_encoding($ENCODING_LOCALE) ) {
        require Carp;
        Carp::croak("The locale codeset ($ENCODING_LOCALE) isn't one that perl can decode, stopped");
    }
    return;
}

sub reinit {
    my ($name) = @_;
    undef $_ for $ENCODING_LOCALE, $ENCODING_LOCALE_FS, $ENCODING_CONSOLE_IN, $ENCODING_CONSOLE_OUT;
    if ( defined $name ) { $_ = $name for $ENCODING_LOCALE, $ENCODING_LOCALE_FS, $ENCODING_CONSOLE_IN, $ENCODING_CONSOLE_OUT }
    else                 { _find() }
    delete @Encode::Alias::Alias{qw(locale locale_fs console_in console_out)};    # what was looked up before
    if ( !Encode::find_encoding($ENCODING_LOCALE) ) {
        require Carp;
        Carp::croak("The encoding $ENCODING_LOCALE isn't one that perl can decode, stopped");
    }
    return;
}

sub decode_argv {
    my @check = @_;
    $_ = Encode::decode( 'locale', $_, @check ) for @ARGV;
    return;
}

sub env {
    my ( $name, @new ) = @_;
    my $key = Encode::encode( 'locale', $name );
    my $old = $ENV{$key};
    if (@new) {
        if   ( defined $new[0] ) { $ENV{$key} = Encode::encode( 'locale', $new[0] ) }
        else                     { delete $ENV{$key} }
    }
    return defined $old ? Encode::decode( 'locale', $old ) : undef;
}

1;

__END__

=head1 NAME

Encode::Locale - the encodings of the locale, by name

=head1 SYNOPSIS

    use Encode;
    use Encode::Locale;

    my $name = decode( locale => $ARGV[0] );
    binmode STDOUT, ':encoding(console_out)';

=head1 COVERED

All of it, on Unix. A replacement that comes with L<CPANBridge::Compat>.

=cut
