package HTTP::Cookies::Netscape;

use 5.014;
use strict;
use warnings;

our $VERSION = '6.10';
our @ISA     = ('HTTP::Cookies');

my $HEAD = <<'TEXT';
# Netscape HTTP Cookie File
# http://www.netscape.com/newsref/std/cookie_spec.html
# This is a generated file!  Do not edit.

TEXT

sub load {
    my ( $self, $file ) = @_;
    $file = $self->{file} if !defined $file || !length $file;
    return if !defined $file;
    local $/ = "\n";
    open my $in, '<', $file or return;
    my $first = <$in>;
    if ( !defined $first || $first !~ /\A#(?: Netscape)? HTTP Cookie File/ ) {
        require Carp;
        Carp::carp("$file does not look like a netscape cookies file");
        close $in;
        return;
    }
    my $now = time;
    while ( my $line = <$in> ) {
        $line =~ s/[\r\n]+\z//;
        $line =~ s/\A\s*\#HttpOnly_//;
        next if $line =~ /\A\s*(?:\#|\$|\z)/;
        my ( $domain, undef, $path, $secure, $expires, $name, $value ) = split /\t/, $line, -1;
        next if !defined $name;
        my $session = $expires !~ /\A\d+\z/ || $expires == 0;
        $self->set_cookie( undef, $name, $value, $path, $domain, undef, 0, $secure eq 'TRUE', $session ? undef : $expires - $now, $session, {} );
    }
    close $in;
    return 1;
}

sub save {
    my ( $self, @words ) = @_;
    my ( $file, $all ) = $self->_options(@words);
    return if !defined $file || !length $file;
    my @lines;
    my $now = time;
    $self->scan(
        sub {
            my ( undef, $name, $value, $path, $domain, undef, undef, $secure, $expires, $discard ) = @_;
            return if $discard && !$all;
            return if !$all && !defined $expires;
            return if defined $expires && $now > $expires;
            push @lines, join( "\t", $domain, $domain =~ /\A\./ ? 'TRUE' : 'FALSE', $path, $secure ? 'TRUE' : 'FALSE', $expires || 0, $name, defined $value ? $value : '' ) . "\n";
        }
    );
    return $self->_write( $file, $HEAD, @lines );
}

# Last, as it loads this file, too.
use HTTP::Cookies ();

1;

__END__

=head1 NAME

HTTP::Cookies::Netscape - cookies in the files of Netscape, curl and wget

=head1 SYNOPSIS

    my $jar = HTTP::Cookies::Netscape->new( file => 'cookies.txt' );

=head1 COVERED

All of it. Cookies that end with the session (an end of 0) are read, and written with C<ignore_discard>. Part of L<HTTP::Cookies>.

=cut
