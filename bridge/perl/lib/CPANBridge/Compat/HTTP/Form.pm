package CPANBridge::Compat::HTTP::Form;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

my $CRLF  = "\015\012";
my $PIECE = 8192;         # bytes of a file that go into one piece of a request's content

sub urlencoded {
    my ($form) = @_;
    require URI;
    my $uri = URI->new('http:');
    $uri->query_form( ref $form eq 'HASH' ? %$form : @$form );
    my $text = $uri->query;
    return '' if !defined $text;
    $text =~ s/(?<!%0D)%0A/%0D%0A/g;
    return $text;
}

# The parts as a list of strings, and of files that are still to be read.
sub multipart {
    my ( $form, $boundary, $later ) = @_;
    my @form = ref $form eq 'HASH' ? %$form : @$form;
    my @parts;
    while ( my ( $name, $value ) = splice @form, 0, 2 ) {
        if ( !ref $value ) {
            push @parts, [ _disposition($name) . $CRLF . $CRLF . ( defined $value ? $value : '' ) ];
        }
        else { push @parts, _file_part( $name, $value, $later ) }
    }
    return ( '', 'none' ) if !@parts;

    if ( grep { grep {ref} @$_ } @parts ) {
        $boundary = boundary(10) if !defined $boundary;
        return _by_pieces( \@parts, $boundary );
    }
    my @texts = map { join '', @$_ } @parts;
    my $size = 0;
    while ( !defined $boundary || grep { index( $_, $boundary ) >= 0 } @texts ) { $boundary = boundary( $size++ ) }
    return ( join( '', map {"--$boundary$CRLF$_$CRLF"} @texts ) . "--$boundary--$CRLF", $boundary );
}

sub _disposition {
    my ( $name, $file ) = @_;
    my $text = 'Content-Disposition: form-data';
    for my $pair ( [ name => $name ], [ filename => $file ] ) {
        my ( $key, $value ) = @$pair;
        next if !defined $value || ( $key eq 'filename' && !length $value );
        $value =~ s/([\\"])/\\$1/g;
        $value =~ s/[\r\n]+/ /g;
        $text .= qq(; $key="$value");
    }
    return $text;
}

# A file that is sent along: [ path, name to tell, fields of its own ].
sub _file_part {
    my ( $name, $value, $later ) = @_;
    my ( $path, $file, @fields ) = @$value;
    my ( $content, @headers );
    while ( my ( $field, $text ) = splice @fields, 0, 2 ) {
        if   ( lc $field eq 'content' ) { $content = $text }
        else                            { push @headers, $field, $text }
    }
    require HTTP::Headers;
    my $headers = HTTP::Headers->new(@headers);
    if ( defined $path ) {
        if ( !defined $file ) { ( $file = $path ) =~ s{.*[/\\]}{}s }
        if ( !defined $headers->header('Content-Type') ) {
            require LWP::MediaTypes;
            LWP::MediaTypes::guess_media_type( $path, $headers );
        }
    }
    my $disposition = $headers->remove_header('Content-Disposition') ? ( HTTP::Headers->new(@headers)->header('Content-Disposition') )[0] : undef;
    my $start = defined $disposition ? "Content-Disposition: $disposition" : _disposition( $name, $file );
    $start .= $CRLF . $headers->as_string($CRLF) . $CRLF;
    return [ $start . ( defined $content ? $content : '' ) ] if defined $content || !defined $path;
    open my $in, '<', $path or Carp::croak("Can't open file $path: $!");
    binmode $in;
    if ($later) { close $in; return [ $start, \$path ] }
    local $/;
    my $bytes = readline $in;
    close $in;
    return [ $start . ( defined $bytes ? $bytes : '' ) ];
}

# A sub that gives one piece after the other, and the length of all if it is known.
sub _by_pieces {
    my ( $parts, $boundary ) = @_;
    my @pieces = ( ( map { ( "--$boundary$CRLF", @$_, $CRLF ) } @$parts ), "--$boundary--$CRLF" );
    my $length = 0;
    for my $piece (@pieces) {
        if    ( !ref $piece )    { $length += length $piece if defined $length }
        elsif ( !-f $$piece )    { undef $length }
        elsif ( defined $length ) { $length += -s _ }
    }
    my ( $in, $left, $path );
    my $sub = sub {
        my $piece = '';
        while ( length $piece < $PIECE ) {
            if ($in) {
                my $got = read $in, my ($bytes), $PIECE;
                Carp::croak("Error reading $path: $!") if !defined $got;
                if ( defined $left ) {
                    $left -= $got;
                    Carp::croak("$path has changed its size while it was sent") if $left < 0 || ( !$got && $left );
                }
                if ($got) { $piece .= $bytes; next }
                close $in;
                undef $in;
            }
            last if !@pieces;
            my $next = shift @pieces;
            if ( !ref $next ) { $piece .= $next; next }
            $path = $$next;
            $left = -f $path ? -s _ : undef;
            open $in, '<', $path or Carp::croak("Can't open file $path: $!");
            binmode $in;
        }
        return $piece;
    };
    return ( $sub, $boundary, $length );
}

sub boundary {
    my ($size) = @_;
    return 'xYzZY' if !$size;
    require MIME::Base64;
    my $text = MIME::Base64::encode( join( '', map { chr rand 256 } 1 .. $size * 3 ), '' );
    $text =~ s/\W/X/g;
    return $text;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::HTTP::Form - the content of forms, for the replacement of HTTP::Request::Common

=head1 DESCRIPTION

Used by L<HTTP::Request::Common>'s replacement; programs have no need of it.

=head1 FUNCTIONS

=head2 urlencoded

    my $content = urlencoded( [ name => 'Me', word => [ 1, 2 ] ] );

The fields of a form as a browser sends them that sends no files.

=head2 multipart

    my ( $content, $boundary, $length ) = multipart( \@fields, $boundary, $later );

The fields and files of a form. With C<$later>, C<$content> is a sub that reads the files when it is called, and the length is known only if
all are plain files.

=head2 boundary

    my $text = boundary($size);

What may stand between two parts: longer ones are more likely to be in none of them.

=cut
